package explore

import (
	"context"
	"errors"
	"testing"
)

// fake fails at the indexes in bad.
type fake struct {
	bad map[uint64]bool
	err error
}

func (h *fake) Explore(_ context.Context, r Range) (p Progress, f *Failure, err error) {
	for i := r.First; i < r.First+min(r.Count, 7); i++ {
		if h.bad[i] {
			return p, &Failure{Index: i}, h.err
		}
		p.Schedules++
	}
	return p, nil, h.err
}

func TestSearchFindsTheFirstFailureWithAnyNumberOfHosts(t *testing.T) {
	bad := map[uint64]bool{500: true, 501: true, 503: true, 900: true}
	for n := 1; n <= 8; n++ {
		var hosts []Host
		for range n {
			hosts = append(hosts, &fake{bad: bad})
		}
		for range 20 {
			_, f, err := Search(t.Context(), hosts, Range{Count: 1000}, nil)
			if err != nil || f == nil || f.Index != 500 {
				t.Fatalf("%d hosts: %+v, %v, want index 500", n, f, err)
			}
			p, f, err := Search(t.Context(), hosts, Range{First: 504, Count: 396}, nil)
			if err != nil || f != nil || p.Schedules != 396 {
				t.Fatalf("%d hosts: %+v, %+v, %v, want 396 schedules without failure", n, p, f, err)
			}
		}
	}
}

func TestSearchEndsWhenAHostCant(t *testing.T) {
	want := errors.New("broken")
	if _, _, err := Search(t.Context(), []Host{&fake{}, &fake{err: want}}, Range{Count: 1 << 40}, nil); !errors.Is(err, want) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	report := func(p Progress) {
		if p.Schedules > 1000 {
			cancel()
		}
	}
	if _, _, err := Search(ctx, []Host{&fake{}, &fake{}}, Range{Count: 1 << 40}, report); err != nil {
		t.Error(err)
	}
}
