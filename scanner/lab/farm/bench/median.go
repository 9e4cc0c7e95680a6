package main

import "slices"

func median(cs []cost, of func(cost) float64) float64 {
	values := make([]float64, len(cs))
	for i, c := range cs {
		values[i] = of(c)
	}
	return middle(values)
}

// ratio is taken round by round, so that it holds where the machine's speed
// drifts.
func ratio(cs, base []cost, of func(cost) float64) float64 {
	values := make([]float64, len(cs))
	for i, c := range cs {
		values[i] = of(c) / max(of(base[i]), 1e-9)
	}
	return middle(values)
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
