#include "textflag.h"

// func Self() uintptr
TEXT ·Self(SB), NOSPLIT, $0-8
	MOVQ (TLS), AX
	MOVQ AX, ret+0(FP)
	RET

// func CallerPC() uintptr
//
// The compiler calls assembly directly, and this function has no frame: BP is
// the frame pointer of the function F that called it, and above it stands F's
// return address.
TEXT ·CallerPC(SB), NOSPLIT|NOFRAME, $0-8
	MOVQ 8(BP), AX
	MOVQ AX, ret+0(FP)
	RET

// func StackPointer() uintptr
TEXT ·StackPointer(SB), NOSPLIT|NOFRAME, $0-8
	MOVQ SP, AX
	MOVQ AX, ret+0(FP)
	RET
