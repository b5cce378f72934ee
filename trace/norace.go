//go:build !race

package trace

const raceEnabled = false

func raceIgnore() {}
func raceNotice() {}
