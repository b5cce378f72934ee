//go:build !weftpoll && !weftselect && !wefturing

package poll

// best is the model that New takes for "". The tags weftpoll, weftselect and
// wefturing change it, so that every test of the packages above can be run on
// another one:
//
//	go test -tags weftselect ./...
const best = "epoll"
