#include "textflag.h"

// func Self() uintptr
TEXT ·Self(SB), NOSPLIT, $0-8
	MOVD g, R0
	MOVD R0, ret+0(FP)
	RET

// func get(t *Table) unsafe.Pointer
//
// The offsets are those of Table.buckets, buckets.b and .mask, bucket.key and .val
// (TestLayoutThatAssemblyKnows). Each load's address comes out of the one before,
// which orders them.
TEXT ·get(SB), NOSPLIT|NOFRAME, $0-16
	MOVD t+0(FP), R0
	MOVD (R0), R1
	CBZ  R1, none
	MOVD $0x9E3779B97F4A7C15, R2
	MUL  g, R2, R2
	LSR  $32, R2, R2
	MOVD 24(R1), R3
	MOVD (R1), R1
next:
	AND  R3, R2, R2
	ADD  R2<<4, R1, R4
	LDAR (R4), R5
	CMP  R5, g
	BNE  other
	MOVD 8(R4), R0
	MOVD R0, ret+8(FP)
	RET
other:
	ADD  $1, R2, R2
	CBNZ R5, next
none:
	MOVD ZR, ret+8(FP)
	RET

// func getCaller(t *Table) (val unsafe.Pointer, pc uintptr)
//
// It is get, with what CallerPC returns.
TEXT ·getCaller(SB), NOSPLIT|NOFRAME, $0-24
	MOVD 8(R29), R0
	MOVD R0, pc+16(FP)
	JMP  ·get(SB)

// func CallerPC() uintptr
//
// The compiler calls assembly directly, and this function has no frame: R29 is
// the frame pointer of the function F that called it, and above it stands F's
// return address.
TEXT ·CallerPC(SB), NOSPLIT|NOFRAME, $0-8
	MOVD 8(R29), R0
	MOVD R0, ret+0(FP)
	RET

// func Callers(pcs []uintptr) int
//
// A frame pointer stands where the caller's is saved, and above that the return
// address; the outermost is 0. Assembly is not preempted, so the stack stays.
TEXT ·Callers(SB), NOSPLIT|NOFRAME, $0-32
	MOVD pcs_base+0(FP), R1
	MOVD pcs_len+8(FP), R5
	MOVD ZR, R0
	MOVD R29, R2
up:
	MOVD 8(R2), R3
	MOVD R3, (R1)(R0<<3)
	ADD  $1, R0
	MOVD (R2), R4
	CMP  R2, R4
	BLS  top
	MOVD R4, R2
	CMP  R5, R0
	BLT  up
top:
	MOVD R0, ret+24(FP)
	RET

// func StackPointer() uintptr
TEXT ·StackPointer(SB), NOSPLIT|NOFRAME, $0-8
	MOVD RSP, R0
	MOVD R0, ret+0(FP)
	RET
