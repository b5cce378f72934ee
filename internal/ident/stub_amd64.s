#include "textflag.h"

// func Self() uintptr
TEXT ·Self(SB), NOSPLIT, $0-8
	MOVQ (TLS), AX
	MOVQ AX, ret+0(FP)
	RET

// func get(t *Table) unsafe.Pointer
//
// The offsets are those of Table.buckets, buckets.b and .mask, bucket.key and .val
// (TestLayoutThatAssemblyKnows).
TEXT ·get(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ t+0(FP), AX
	MOVQ (AX), BX
	TESTQ BX, BX
	JEQ  none
	MOVQ (TLS), CX
	MOVQ $0x9E3779B97F4A7C15, DX
	IMULQ CX, DX
	SHRQ $32, DX
	MOVQ 24(BX), SI
	MOVQ (BX), BX
next:
	ANDQ SI, DX
	MOVQ DX, DI
	SHLQ $4, DI
	MOVQ (BX)(DI*1), R8
	CMPQ R8, CX
	JNE  other
	MOVQ 8(BX)(DI*1), AX
	MOVQ AX, ret+8(FP)
	RET
other:
	INCQ DX
	TESTQ R8, R8
	JNE  next
none:
	MOVQ $0, ret+8(FP)
	RET

// func getCaller(t *Table) (val unsafe.Pointer, pc uintptr)
//
// It is get, with what CallerPC returns.
TEXT ·getCaller(SB), NOSPLIT|NOFRAME, $0-24
	MOVQ 8(BP), AX
	MOVQ AX, pc+16(FP)
	JMP  ·get(SB)

// func CallerPC() uintptr
//
// The compiler calls assembly directly, and this function has no frame: BP is
// the frame pointer of the function F that called it, and above it stands F's
// return address.
TEXT ·CallerPC(SB), NOSPLIT|NOFRAME, $0-8
	MOVQ 8(BP), AX
	MOVQ AX, ret+0(FP)
	RET

// func Callers(pcs []uintptr) int
//
// A frame pointer stands where the caller's is saved, and above that the return
// address; the outermost is 0. Assembly is not preempted, so the stack stays.
TEXT ·Callers(SB), NOSPLIT|NOFRAME, $0-32
	MOVQ pcs_base+0(FP), DI
	MOVQ pcs_len+8(FP), SI
	XORQ AX, AX
	MOVQ BP, BX
up:
	MOVQ 8(BX), DX
	MOVQ DX, (DI)(AX*8)
	INCQ AX
	MOVQ (BX), CX
	CMPQ CX, BX
	JLS  top
	MOVQ CX, BX
	CMPQ AX, SI
	JLT  up
top:
	MOVQ AX, ret+24(FP)
	RET

// func StackPointer() uintptr
TEXT ·StackPointer(SB), NOSPLIT|NOFRAME, $0-8
	MOVQ SP, AX
	MOVQ AX, ret+0(FP)
	RET
