// Go takes its random numbers from ProcessPrng of bcryptprimitives.dll, which
// Debian's Wine lacks. RtlGenRandom, exported as SystemFunction036, has them.
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *to, SIZE_T n) { return SystemFunction036(to, (ULONG)n); }
