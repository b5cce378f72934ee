package observe

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weftgo/weft/trace"
)

// fakeLessons has one lesson, which is a recording.
type fakeLessons struct{ recording []byte }

func (f fakeLessons) List() []Lesson {
	return []Lesson{{ID: "one", Title: trace.Words{EN: "One", ZH: "一"}, Hosts: []string{"weft"}, Variants: []Variant{},
		Source: map[string]string{"weft": "func one() {}"}, Text: map[string][]trace.Words{"weft": {{EN: "a", ZH: "甲"}}}}}
}

func (f fakeLessons) Run(_ context.Context, id, host, variant string) (*LessonRun, error) {
	if host == "go" {
		return nil, errors.New("no go command here")
	}
	return &LessonRun{Host: host, Variant: variant, Recording: f.recording, Steps: []LessonStep{{I: 3}}, Notes: []trace.Words{}}, nil
}

func TestLessonIsRunAndItsRecordingKept(t *testing.T) {
	s := New(Options{Token: "secret", Lessons: fakeLessons{record(t, pingPong)}})
	var list []Lesson
	if getJSON(t, s, "/api/lessons", &list); len(list) != 1 || list[0].ID != "one" {
		t.Errorf("lessons %+v", list)
	}
	var one struct {
		Source string
		Text   []trace.Words
	}
	if getJSON(t, s, "/api/lessons/one", &one); one.Source == "" || len(one.Text) != 1 {
		t.Errorf("lesson %+v", one)
	}
	post := func(path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "http://127.0.0.1"+path, nil)
		r.Header.Set("X-Weft-Token", "secret")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	for range keptLessons + 4 {
		w := post("/api/lessons/one/run?variant=v")
		var run LessonRun
		if err := json.Unmarshal(w.Body.Bytes(), &run); err != nil || run.ID == "" || run.Events < 100 || run.Variant != "v" {
			t.Fatalf("%v in %s", err, w.Body)
		}
		var a trace.Answer
		getJSON(t, s, "/api/ask?q=wakeups&id="+run.ID, &a)
	}
	var meta struct {
		Mode       string
		Recordings []Info
	}
	getJSON(t, s, "/api/meta", &meta)
	if n := len(meta.Recordings); meta.Mode != "lessons" || n != keptLessons || meta.Recordings[0].ID != "l5" {
		t.Errorf("%s, %d recordings are kept, the first is %+v", meta.Mode, n, meta.Recordings[0])
	}
	for path, want := range map[string]string{
		"/api/lessons/one/run?host=go": "no go command here", "/api/lessons/two/run": "no lesson", "/api/lessons/one": "is run with POST",
	} {
		if w := post(path); w.Code < 400 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := get(t, s, "/api/lessons/one/run"); w.Code != 405 {
		t.Errorf("run by GET: %d %s", w.Code, w.Body)
	}
}
