// Package corpus holds programs that weft test and weft run are measured by, as plain Go packages below testdata. They build and vet, and
// (but for broken, racy and bad) pass, without weft.
//
//	broken       some schedule fails; above each test "want" names how: deadlock, cycle, leak, fail, panic or fatal
//	fixed        their corrected twins, under the same names: no schedule fails
//	races/racy   each has a data race
//	races/fixed  their corrected twins
//	exact        tests that log what depends on the schedule: the same under the same one
//	bad          tests that a tool could stumble over; "want" stands above those that don't pass
//	run          programs, each a file; comments at its head name its arguments, input, environment and exit status
//
// The tests that run them are TestCorpus... in cmd/weft and cmd/weft/internal/tester.
package corpus
