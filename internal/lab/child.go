// Package lab measures servers that run in processes of their own: so that CPU
// time and memory are the server's alone, and so that server and client have a
// table of descriptors each. The parent holds the client's side ([Crowd]); a
// child is the same program started again ([Start], [IsChild]).
package lab

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

// childVar tells a process that it is a child, and what it is to do.
const childVar = "WEFT_LAB_CHILD"

// IsChild reports whether this process was started by Start. If so, main must
// do what Spec says and nothing else.
func IsChild() bool { return os.Getenv(childVar) != "" }

// Spec reads into v what the parent gave to Start.
func Spec(v any) error {
	if err := json.Unmarshal([]byte(os.Getenv(childVar)), v); err != nil {
		return fmt.Errorf("%s is for the benchmarks' own use: %w", childVar, err)
	}
	return nil
}

// Server is a child that serves on Addr.
type Server struct {
	Addr string

	cmd     *exec.Cmd
	sampler *Sampler // nil: the system refuses it, see unsampled
	in      io.WriteCloser
	pipe    *os.File
	out     *bufio.Reader // of pipe

	unsampled error
}

// Refusal is why a child does not serve, in its own words.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// hello is the first line of a child.
type hello struct{ Addr, Err string }

// Start starts a child with spec and waits until it serves. A child that can't
// is a Refusal.
func Start(spec any) (*Server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	arg, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVar+"="+string(arg))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	s := &Server{cmd: cmd}
	if s.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{theirs} // parentFD
	s.sampler, s.unsampled, err = StartSampled(cmd.Start)
	theirs.Close()
	if err != nil {
		out.Close()
		return nil, err
	}
	s.pipe, s.out = out, bufio.NewReader(out)
	var h hello
	if err := s.read(&h); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if h.Err != "" {
		return nil, errors.Join(Refusal(h.Err), s.Stop())
	}
	s.Addr = h.Addr
	return s, nil
}

func (s *Server) read(v any) error {
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the server's process ended early: %w", err)
	}
	return json.Unmarshal(line, v)
}

// ask sends a question and reads its answer.
func (s *Server) ask(question string, v any) error {
	if _, err := io.WriteString(s.in, question+"\n"); err != nil {
		return err
	}
	return s.read(v)
}

// Stop ends the child and waits for it.
func (s *Server) Stop() error {
	s.in.Close()
	defer s.pipe.Close()
	defer s.sampler.Close()
	return s.cmd.Wait()
}

// Serving tells the parent that the child serves on addr, or why it doesn't. It
// then answers the parent from a goroutine, until that hangs up and the process
// ends. failed is asked for what has gone wrong since; nil: nothing can.
func Serving(addr string, err error, failed func() error) {
	h := hello{Addr: addr}
	if err != nil {
		h.Err = err.Error()
	}
	say(h)
	if failed == nil {
		failed = func() error { return nil }
	}
	go answer(failed)
}

func answer(failed func() error) {
	in := bufio.NewReader(os.Stdin)
	for {
		question, err := in.ReadString('\n')
		if err != nil {
			os.Exit(0)
		}
		switch question[:len(question)-1] {
		case askUsage:
			say(ReadUsage())
		case askMemory:
			say(memory())
		case askFailure:
			text := ""
			if err := failed(); err != nil {
				text = err.Error()
			}
			say(text)
		}
	}
}

// parentFD is the child's end of the pipe to its parent. It isn't the standard
// output because some libraries log to that.
const parentFD = 3

var parent = sync.OnceValue(func() *os.File { return os.NewFile(parentFD, "parent") })

// say writes v for the parent.
func say(v any) {
	if err := json.NewEncoder(parent()).Encode(v); err != nil {
		os.Exit(1)
	}
}
