package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/weftgo/weft/cmd/weft/internal/tester"
	"github.com/weftgo/weft/explore"
)

// seeding is what makes a run deterministic.
type seeding struct {
	on, realNet, hash bool
	n                 uint64
}

// begin makes cmd run by the seed. done, which is called when it has ended, tells the hash if it is wanted.
func (s *seeding) begin(cmd *exec.Cmd) (done func(*environ), err error) {
	if !s.on {
		return func(*environ) {}, nil
	}
	what := fmt.Sprintf("WEFT_SEED=%d", s.n)
	if s.realNet {
		what += ",realnet"
	}
	cmd.Env = append(cmd.Env, what, "GOMAXPROCS=1")
	if !s.hash {
		return func(*environ) {}, nil
	}
	record, err := os.CreateTemp("", "weft-run-")
	if err != nil {
		return nil, err
	}
	if err := record.Truncate(explore.WireSize); err != nil {
		return nil, errors.Join(err, record.Close(), os.Remove(record.Name()))
	}
	cmd.Env = append(cmd.Env, "WEFT_RECORD="+record.Name())
	return func(env *environ) {
		defer os.Remove(record.Name())
		defer record.Close()
		s.tell(env, record)
	}, nil
}

func (s *seeding) tell(env *environ, record *os.File) {
	head := make([]byte, 8*explore.WordStacks)
	if _, err := record.ReadAt(head, 0); err != nil {
		fmt.Fprintf(env.stderr, "weft run: the record of the run can't be read: %v\n", err)
		return
	}
	word := func(i int) uint64 { return binary.NativeEndian.Uint64(head[8*i:]) }
	fmt.Fprintf(env.stderr, "weft run: seed %d, hash %016x, %d decisions\n", s.n, word(explore.WordHash), word(explore.WordSteps))
	const again = 1 << explore.UntamedAddress // addresses are the same in each run of the whole program
	if untamed := tester.UntamedWords(word(explore.WordUntamed) &^ again); untamed != nil {
		fmt.Fprintf(env.stderr, "weft run: not under control: %s\n", strings.Join(untamed, "; "))
	}
}
