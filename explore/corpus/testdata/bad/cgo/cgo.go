// Package cgo calls C.
package cgo

// #include <unistd.h>
// static int twice(int n) { usleep(1000); return 2 * n; }
import "C"

func twice(n int) int { return int(C.twice(C.int(n))) }
