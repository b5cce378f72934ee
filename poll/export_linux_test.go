package poll

// NewOldEpoll makes an epoll as on a kernel without epoll_pwait2.
func NewOldEpoll() (Poller, error) {
	p, err := newEpoll()
	if err == nil {
		p.(*epoll).nsec = false
	}
	return p, err
}

// NewSmallUring makes an io_uring that has room for few results.
func NewSmallUring() (Poller, error) { return newUringOf(2) }
