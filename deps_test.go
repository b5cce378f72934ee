package weft_test

// Requirements of packages that are on their way; go with the last of them.
import (
	_ "github.com/valyala/fasthttp"
	_ "golang.org/x/net/nettest"
	_ "golang.org/x/sys/unix"
	_ "golang.org/x/term"
)
