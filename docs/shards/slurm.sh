#!/bin/sh
# A Slurm array. Findings (status 1 and 2) fail no task.
#SBATCH --job-name=edgecert
#SBATCH --array=1-4
#SBATCH --time=00:30:00
set -eu
edgecert scan -t targets.txt --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --format nagios -o "part-$SLURM_ARRAY_TASK_ID.json" || [ $? -le 2 ]
