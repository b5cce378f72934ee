// Package corpus holds programs that weft test and weft run are measured by, as plain Go packages below testdata. They build, vet and
// (but for the broken ones) pass without weft.
//
//	broken  some schedule fails; above each test "want" names how: deadlock, leak, fail, panic or fatal
//	fixed   their corrected twins, with the same names: no schedule fails
package corpus
