//go:build !race

package examples

var buildFlags []string
