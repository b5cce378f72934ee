package lab

import (
	"slices"
	"time"
)

// Cost is what a stretch of load took.
type Cost struct {
	*Load
	Usage Usage // of the server
}

// Measure runs the crowd against its server for d.
func (s *Server) Measure(crowd *Crowd, d time.Duration) (Cost, error) {
	before, err := s.Usage()
	if err != nil {
		return Cost{}, err
	}
	load, err := crowd.Run(d)
	if err != nil {
		return Cost{}, err
	}
	after, err := s.Usage()
	return Cost{load, after.Sub(before)}, err
}

// Summary condenses rounds of load. Times are nanoseconds; CPU time is the
// server's for a request. What can be disturbed by other work on the machine is
// the median of the rounds; how CPU is split between user and system is an
// estimate (Server.Source), taken from all rounds together.
type Summary struct {
	Requests int     `json:"requests"`
	Rate     float64 `json:"per_second"`
	CPU      float64 `json:"cpu_ns"`
	User     float64 `json:"user_ns"`
	Sys      float64 `json:"sys_ns"`
	P50      float64 `json:"p50_ns"`
	P99      float64 `json:"p99_ns"`
	P999     float64 `json:"p999_ns"`
}

// Summarise condenses rounds.
func Summarise(rounds []Cost) (s Summary) {
	var used Usage
	for _, c := range rounds {
		s.Requests += c.Requests
		used = used.Add(c.Usage)
	}
	median := func(of func(Cost) float64) float64 {
		var values []float64
		for _, c := range rounds {
			values = append(values, of(c))
		}
		return Median(values)
	}
	s.Rate = median(func(c Cost) float64 { return c.Rate() })
	s.CPU = median(func(c Cost) float64 { return float64(c.Usage.All()) / float64(max(c.Requests, 1)) })
	s.P50 = median(func(c Cost) float64 { return float64(c.Percentile(0.5)) })
	s.P99 = median(func(c Cost) float64 { return float64(c.Percentile(0.99)) })
	s.P999 = median(func(c Cost) float64 { return float64(c.Percentile(0.999)) })
	if all := used.All(); all > 0 {
		s.User = s.CPU * float64(used.User) / float64(all)
		s.Sys = s.CPU - s.User
	}
	return s
}

// Median is for what other work on the machine disturbs; 0 of nothing.
func Median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	n := len(values)
	if n == 0 {
		return 0
	}
	return (values[(n-1)/2] + values[n/2]) / 2
}
