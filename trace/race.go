//go:build race

package trace

import "runtime"

// Recording must not hide a program's races. A ring hands data from one
// coroutine to the next and to the recorder; were the race detector to see
// that, it would take two coroutines of one P to be ordered. So the functions
// that touch a ring are norace, and their atomics run between raceIgnore and
// raceNotice.

const raceEnabled = true

func raceIgnore() { runtime.RaceDisable() }
func raceNotice() { runtime.RaceEnable() }
