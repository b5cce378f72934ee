package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/weftgo/weft/internal/lab"
)

func TestMain(m *testing.M) {
	if lab.IsChild() {
		child()
	}
	os.Setenv("GNET_LOGGING_LEVEL", "5")
	os.Exit(m.Run())
}

func TestEveryPeerIsMeasured(t *testing.T) {
	o, err := parse([]string{"-quick", "-json"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(o, &out); err != nil {
		t.Fatal(err)
	}
	var r results
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Idle) != len(peers) || len(r.Busy) != len(peers) || len(r.Deadline) != 2 {
		t.Fatalf("%d, %d and %d rows for %d peers", len(r.Idle), len(r.Busy), len(r.Deadline), len(peers))
	}
	for i, x := range r.Busy {
		if x.Err != "" && x.Peer == "weft-uring" {
			continue // this kernel has none
		}
		if x.Err != "" || x.Requests == 0 || x.CPU <= 0 || x.P99 < x.P50 || r.Idle[i].Bytes <= 0 {
			t.Errorf("odd rows %+v, %+v", x, r.Idle[i])
		}
	}
	for _, x := range r.Deadline {
		if x.NS <= 0 {
			t.Errorf("odd row %+v", x)
		}
	}
}

func TestClaimsAreJudged(t *testing.T) {
	r := results{
		Idle: []idleRow{{Peer: "weft-msg", Conns: 9, Bytes: 300}, {Peer: "net", Conns: 9, Bytes: 2000}},
		Busy: []busyRow{
			{Peer: "weft", Conns: 9, Summary: lab.Summary{User: 70, CPU: 100, P99: 50}},
			{Peer: "net", Conns: 9, Summary: lab.Summary{User: 100, CPU: 90, P99: 50}},
		},
		Deadline: []deadlineRow{{"weft", 15}, {"net", 80}},
	}
	var out bytes.Buffer
	if err := r.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"reached  bytes of an idle connection, 9 of them",
		"missed   the same to net's",
		"reached  weft, 9 connections: user CPU to net's",
		"missed   weft, 9 connections: all CPU to net's",
		"reached  weft, 9 connections: p99 to net's",
		"reached  SetReadDeadline to net's",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no line %q in\n%s", want, out.String())
		}
	}
}

func TestWrongUsageSaysWhatToDo(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-peers nobody", "choose from weft"},
		{"juggling", "choose from idle busy deadline"},
		{"-conns none", "such as 200,1000"},
		{"-rounds 0", "above 0"},
		{"-what", "-help"},
	} {
		_, err := parse(strings.Fields(c.args), io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.args, err, c.want)
		}
	}
	var help bytes.Buffer
	if _, err := parse([]string{"-help"}, &help); err != flag.ErrHelp || !strings.Contains(help.String(), "netpoll") {
		t.Errorf("help: %v\n%s", err, help.String())
	}
}
