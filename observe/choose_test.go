package observe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

// fakeChooser remembers what it was asked for.
type fakeChooser struct {
	recording []byte
	asked     []string
}

func (f *fakeChooser) Choose(_ context.Context, token string, step, pick uint32, keep bool) (*Schedule, error) {
	f.asked = append(f.asked, fmt.Sprint(token, " ", step, " ", pick, " ", keep))
	if pick == 2 {
		return nil, errors.New("not repeatable")
	}
	return f.schedule(token + "+"), nil
}

func (f *fakeChooser) schedule(token string) *Schedule {
	return &Schedule{
		Recording: Bytes(Info{ID: "main", Kind: "test", Token: token, Failed: "deadlock"}, f.recording), Report: "g3 waits",
		Decisions: []Decision{{Step: 4, I: 9, Options: []Option{{G: 3, Stays: true}, {G: 7}, {State: OptionTime}}}},
	}
}

func TestASchedulesDecisionsAreToldAndAnotherIsChosen(t *testing.T) {
	f := &fakeChooser{recording: record(t, pingPong)}
	s := New(Options{Token: "secret", Choose: f}, f.schedule("w1"), Bytes(Info{ID: "plain"}, f.recording))
	var told struct {
		Decisions []Decision
		Report    string
		Fixed     string
	}
	getJSON(t, s, "/api/choices", &told)
	if len(told.Decisions) != 1 || told.Decisions[0].Options[1].G != 7 || told.Report != "g3 waits" || told.Fixed != "" {
		t.Errorf("told %+v", told)
	}
	post := func(query, token string) (made Info, w *httptest.ResponseRecorder) {
		r := httptest.NewRequest("POST", "http://127.0.0.1/api/choose?"+query, nil)
		r.Header.Set("X-Weft-Token", token)
		w = httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code == 200 {
			if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil {
				t.Fatal(err)
			}
		}
		return made, w
	}
	first, w := post("step=4&pick=1", "secret")
	if w.Code != 200 || first.Parent != "main" || first.Step != 4 || first.Failed != "deadlock" || first.Name != "decision 4: g7" {
		t.Errorf("%d, made %+v", w.Code, first)
	}
	second, _ := post("step=4&pick=0&then=same&id="+first.ID, "secret")
	if want := []string{"w1 4 1 false", "w1+ 4 0 true"}; fmt.Sprint(f.asked) != fmt.Sprint(want) || second.Parent != first.ID {
		t.Errorf("asked for %q, want %q; made %+v", f.asked, want, second)
	}
	for query, want := range map[string]string{
		"step=5&pick=0": "no such choice", "step=4&pick=3": "no such choice", "step=4": "no such choice", "step=x&pick=1": "give a number",
		"step=4&pick=1&id=plain": "no schedule of a test", "step=4&pick=2": "not repeatable", "id=gone": "no recording",
	} {
		if _, w := post(query, "secret"); w.Code < 400 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
	if _, w := post("step=4&pick=1", ""); w.Code != 403 {
		t.Errorf("without the token: %d", w.Code)
	}
	if w := get(t, s, "/api/choose?step=4&pick=1"); w.Code != 405 {
		t.Errorf("by GET: %d", w.Code)
	}
	for range keptSchedules + 5 {
		post("step=4&pick=1", "secret")
	}
	if n := len(s.sources); n != keptSchedules+2 || s.sources[0].ID() != "main" || s.sources[1].ID() != "plain" {
		t.Errorf("%d recordings are kept", n)
	}
}
