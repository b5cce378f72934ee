package poll

// NewOldEpoll makes an epoll as on a kernel without epoll_pwait2.
func NewOldEpoll() (Poller, error) {
	p, err := newEpoll()
	if err == nil {
		p.(*epoll).nsec = false
	}
	return p, err
}
