// Go is declared without a body (weft.go); the compiler allows that in a package
// with an assembly file.
