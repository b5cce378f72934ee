package lessons

import (
	"bytes"
	"strings"

	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/trace"
)

// step is a sentence, and the event that it is about.
type step struct {
	when match
	text trace.Words
}

// match reports whether e is the event. A scene remembers who is who.
type match func(s *scene, e *trace.Event) bool

// scene is what the steps so far have named: coroutines by their part in the
// lesson. main is g1 on both hosts.
type scene struct {
	who map[string]uint64
}

func on(when match, en, zh string) step { return step{when, trace.Words{EN: en, ZH: zh}} }

// tell finds each step's event, behind that of the step before. A step whose
// event is missing is left out, with a note.
func tell(run *observe.LessonRun, steps []step) error {
	events, err := trace.NewReader(bytes.NewReader(run.Recording)).ReadAll()
	if err != nil {
		return err
	}
	s := &scene{who: map[string]uint64{"main": 1}}
	run.Steps = []observe.LessonStep{}
	at := 0
	for _, st := range steps {
		i := at
		for i < len(events) && !st.when(s, &events[i]) {
			i++
		}
		if i == len(events) {
			run.Notes = append(run.Notes, trace.Words{
				EN: "It did not happen this time: " + lower(st.text.EN), ZH: "这一次没有发生：" + st.text.ZH})
			continue
		}
		e := &events[i]
		g := e.G
		if e.Kind == trace.KGoCreate || e.Kind == trace.KGoReady {
			g = e.A
		}
		run.Steps = append(run.Steps, observe.LessonStep{I: i, T: e.Time, G: g, P: e.P, M: e.M, Text: st.text})
		at = i + 1
	}
	return nil
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// creates: by makes a coroutine, which is called name from now on.
func creates(by, name string) match {
	return func(s *scene, e *trace.Event) bool {
		if e.Kind != trace.KGoCreate || e.G != s.who[by] {
			return false
		}
		s.who[name] = e.A
		return true
	}
}

// about: an event of a kind whose G is name.
func about(k trace.Kind, name string) match {
	return func(s *scene, e *trace.Event) bool { return e.Kind == k && e.G == s.who[name] && e.G != 0 }
}

func starts(name string) match { return about(trace.KGoStart, name) }
func exits(name string) match  { return about(trace.KGoExit, name) }

// startsSomeone: a coroutine other than main runs, and is called name.
func startsSomeone(name string) match {
	return func(s *scene, e *trace.Event) bool {
		if e.Kind != trace.KGoStart || e.G == s.who["main"] {
			return false
		}
		s.who[name] = e.G
		return true
	}
}

// parks: name parks for one of the reasons.
func parks(name string, reasons ...trace.Reason) match {
	return func(s *scene, e *trace.Event) bool {
		if e.Kind != trace.KGoPark || e.G != s.who[name] {
			return false
		}
		for _, r := range reasons {
			if trace.Reason(e.Sub) == r {
				return true
			}
		}
		return len(reasons) == 0
	}
}

// readied: somebody makes name runnable.
func readied(name string) match {
	return func(s *scene, e *trace.Event) bool { return e.Kind == trace.KGoReady && e.A == s.who[name] }
}

func boot(st trace.Step) match {
	return func(_ *scene, e *trace.Event) bool { return e.Kind == trace.KBoot && trace.Step(e.Sub) == st }
}

// any: an event of one of the kinds.
func anyOf(kinds ...trace.Kind) match {
	return func(_ *scene, e *trace.Event) bool {
		for _, k := range kinds {
			if e.Kind == k {
				return true
			}
		}
		return false
	}
}
