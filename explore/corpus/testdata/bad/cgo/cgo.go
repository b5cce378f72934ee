// Package cgo calls C, which calls Go.
package cgo

// #include <unistd.h>
// extern int goTwice(int n);
// static int twice(int n) { usleep(1000); return 2 * n; }
// static int back(int n) { return goTwice(n); }
import "C"

func twice(n int) int { return int(C.twice(C.int(n))) }

func back(n int) int { return int(C.back(C.int(n))) }
