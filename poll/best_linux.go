//go:build !weftpoll && !weftselect

package poll

// best is the model that New takes for "". The tags weftpoll and weftselect
// change it, so that every test of the packages above can be run on another one:
//
//	go test -tags weftselect ./...
const best = "epoll"
