package poll_test

import (
	"testing"

	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/poll/polltest"
)

func TestEpoll(t *testing.T) {
	polltest.Test(t, func() (poll.Poller, error) { return poll.New("epoll") })
}

func TestEpollWithMillisecondTimeouts(t *testing.T) {
	polltest.Test(t, poll.NewOldEpoll)
}
