//go:build !weftblocking && !weftbusy && !weftselect && !weftpoll && !wefturing

package poll

// best is the model that New takes for "". The tags weftblocking,
// weftbusy, weftselect, weftpoll and wefturing, one at a time, change it, so that
// every test of the packages above can be run on another one:
//
//	go test -tags weftselect ./...
const best = "epoll"
