#include "textflag.h"

// func Self() uintptr
TEXT ·Self(SB), NOSPLIT, $0-8
	MOVD g, R0
	MOVD R0, ret+0(FP)
	RET

// func CallerPC() uintptr
//
// The compiler calls assembly directly, and this function has no frame: R29 is
// the frame pointer of the function F that called it, and above it stands F's
// return address.
TEXT ·CallerPC(SB), NOSPLIT|NOFRAME, $0-8
	MOVD 8(R29), R0
	MOVD R0, ret+0(FP)
	RET

// func StackPointer() uintptr
TEXT ·StackPointer(SB), NOSPLIT|NOFRAME, $0-8
	MOVD RSP, R0
	MOVD R0, ret+0(FP)
	RET
