package explore

// Shrink looks for fewer deviations that still fail. try runs a schedule with the given ones and reports whether it
// failed as before. At most budget schedules are run. The result is what the last try that returned true was given, or devs.
//
// It first halves what is left at the end: whatever comes after the decisive deviation is not needed. Then it takes out
// pieces, ever smaller ones (Zeller's ddmin), and ends with single deviations.
func Shrink(devs []Dev, budget int, try func([]Dev) bool) []Dev {
	test := func(d []Dev) bool {
		if budget <= 0 {
			return false
		}
		budget--
		if !try(d) {
			return false
		}
		devs = d
		return true
	}
	for cut := len(devs) / 2; cut > 0; {
		if n := len(devs); n < cut || !test(append([]Dev(nil), devs[:n-cut]...)) {
			cut /= 2
		}
	}
	for size := max(len(devs)/2, 1); len(devs) > 0 && budget > 0; {
		removed := false
		for at := 0; at < len(devs); {
			rest := append([]Dev(nil), devs[:at]...)
			rest = append(rest, devs[min(at+size, len(devs)):]...)
			if test(rest) {
				removed = true
			} else {
				at += size
			}
		}
		if size == 1 && !removed {
			break
		}
		if !removed {
			size = max(size/2, 1)
		}
		size = min(size, max(len(devs), 1))
	}
	return devs
}
