package sched

// Stand-in until the network poller lands.

type netpoller struct{}

func (s *Sched) netpollinited() bool       { return false }
func (s *Sched) netpollWaiters() int       { return 0 }
func (s *Sched) netpoll(delay int64) gList { return gList{} }
func (s *Sched) netpollBreak()             {}
func (s *Sched) netpollClose()             {}
