package observe

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/trace"
	"github.com/weftgo/weft/wsync"
)

// record runs main and returns its recording.
func record(t testing.TB, main func(), opts ...weft.Option) []byte {
	t.Helper()
	var b bytes.Buffer
	rec := trace.New(trace.Options{Sinks: []trace.Sink{trace.NewWriter(&b, nil)}})
	err := weft.Run(main, append(opts, weft.Trace(rec))...)
	if dead := (*weft.DeadlockError)(nil); err != nil && !errors.As(err, &dead) {
		t.Fatal(err)
	}
	if err := rec.Stop(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pingPong makes some hundred events.
func pingPong() {
	ping, pong := wsync.NewChan[int](0), wsync.NewChan[int](0)
	weft.Go(func() {
		for i := range ping.All() {
			pong.Send(i)
		}
	})
	for i := range 50 {
		ping.Send(i)
		pong.Recv()
	}
	ping.Close()
}

func server(t testing.TB, b []byte) *Server {
	return New(Options{Token: "secret"}, Bytes(Info{ID: "main", Name: "x.trace", Host: "weft", Kind: "file"}, b))
}

func get(t testing.TB, s http.Handler, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", "http://127.0.0.1:7070"+path, nil)
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func getJSON(t testing.TB, s http.Handler, path string, v any) {
	t.Helper()
	w := get(t, s, path)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		t.Fatalf("%s: %v in %s", path, err, w.Body)
	}
}

func TestPageIsServedWhereverItIsMounted(t *testing.T) {
	mux := http.NewServeMux()
	s := server(t, record(t, pingPong))
	mux.Handle("/debug/weft/", s)
	for _, c := range []struct {
		h    http.Handler
		path string
		want string
	}{
		{s, "/", "<title>weft"}, {mux, "/debug/weft/", "<title>weft"}, {mux, "/debug/weft/index.html", "<title>weft"},
		{s, "/api/meta", `"mode":"file"`}, {mux, "/debug/weft/api/meta", `"mode":"file"`},
	} {
		w := get(t, c.h, c.path)
		if w.Code != 200 || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d, no %q in %.100s", c.path, w.Code, c.want, w.Body)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: policy %q", c.path, csp)
		}
	}
}

func TestEveryFileThatThePageNamesIsThere(t *testing.T) {
	s := server(t, nil)
	page := get(t, s, "/").Body.String()
	for _, part := range strings.Split(page, `"`) {
		if name, ok := strings.CutPrefix(part, "./"); ok {
			if w := get(t, s, "/"+name); w.Code != 200 {
				t.Errorf("%s: %d", name, w.Code)
			}
		}
	}
}

func TestMetaNamesEverything(t *testing.T) {
	var meta struct {
		Kinds, Reasons, Queues, Causes, Steps []struct {
			ID    int
			Name  string
			Const string
			Title trace.Words
		}
		Recordings []Info
	}
	getJSON(t, server(t, record(t, pingPong)), "/api/meta", &meta)
	for _, table := range [][]struct {
		ID    int
		Name  string
		Const string
		Title trace.Words
	}{meta.Kinds, meta.Reasons, meta.Queues, meta.Causes, meta.Steps} {
		if len(table) == 0 {
			t.Error("a table is empty")
		}
		for i, e := range table {
			if e.ID != i || e.Title.EN == "" || e.Title.ZH == "" {
				t.Errorf("entry %d: %+v", i, e)
			}
		}
	}
	for _, k := range meta.Kinds {
		if !strings.HasPrefix(k.Const, "K") {
			t.Errorf("kind %+v has no constant", k)
		}
	}
	if r := meta.Recordings; len(r) != 1 || r[0].Events < 200 || r[0].Damage != "" || r[0].NS == 0 {
		t.Errorf("recordings %+v", r)
	}
}

func TestRecordingIsServedAsItIs(t *testing.T) {
	b := record(t, pingPong)
	w := get(t, server(t, b), "/api/recording")
	if !bytes.Equal(w.Body.Bytes(), b) {
		t.Errorf("%d bytes, want the %d of the recording", w.Body.Len(), len(b))
	}
	w = get(t, server(t, b), "/api/recording", func(r *http.Request) { r.Header.Set("Range", "bytes=3-9") })
	if w.Code != http.StatusPartialContent || w.Body.String() != string(b[3:10]) {
		t.Errorf("range: %d %q", w.Code, w.Body)
	}
}

func TestRecordingIsServedInWindows(t *testing.T) {
	b := record(t, pingPong)
	s := server(t, b)
	all, err := trace.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	from, to := all[len(all)/3].Time, all[2*len(all)/3].Time
	w := get(t, s, "/api/recording?from="+itoa(from)+"&to="+itoa(to))
	part, err := trace.NewReader(w.Body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if part[0].Kind != trace.KState {
		t.Fatalf("begins with %v", part[0].Kind)
	}
	part = part[1+part[0].A:]
	for _, e := range all {
		if e.Time < from || e.Time > to {
			continue
		}
		if len(part) == 0 || part[0] != e {
			t.Fatalf("%+v is missing", e)
		}
		part = part[1:]
	}
	if len(part) > 0 {
		t.Errorf("%d events too many", len(part))
	}
}

func itoa(n int64) string { b, _ := json.Marshal(n); return string(b) }

func TestDamagedRecordingIsShownAsFarAsItGoes(t *testing.T) {
	whole := record(t, pingPong)
	flipped := bytes.Clone(whole)
	flipped[len(whole)-20] ^= 1
	for name, b := range map[string][]byte{"cut short": whole[:len(whole)-3], "corrupt": flipped} {
		file := filepath.Join(t.TempDir(), "x.trace")
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
		src, err := File("main", file)
		if err != nil {
			t.Fatal(err)
		}
		if d := src.Info().Damage; !strings.Contains(d, name) {
			t.Errorf("%s: damage %q", name, d)
		}
		if w := get(t, New(Options{}, src), "/api/recording"); !bytes.Equal(w.Body.Bytes(), b) {
			t.Errorf("%s: not served as it is", name)
		}
	}
}

func TestWhatIsNoRecordingIsRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, c := range []struct{ file, want string }{
		{write("a", "some text"), "not a weft recording"},
		{write("b", "weftrace\x63"), "another version"},
		{write("c", ""), "not a weft recording"},
		{dir, "directory"},
		{filepath.Join(dir, "none"), "no such file"},
	} {
		if _, err := File("main", c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.file, err, c.want)
		}
	}
}

func TestForeignPagesAreRefused(t *testing.T) {
	s := server(t, record(t, pingPong))
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"plain":              {func(r *http.Request) {}, 200},
		"localhost":          {func(r *http.Request) { r.Host = "localhost:7070" }, 200},
		"ipv6":               {func(r *http.Request) { r.Host = "[::1]:7070" }, 200},
		"own origin":         {func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:7070") }, 200},
		"rebound name":       {func(r *http.Request) { r.Host = "evil.example:7070" }, 403},
		"no name":            {func(r *http.Request) { r.Host = "" }, 403},
		"foreign origin":     {func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403},
		"other port":         {func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:8080") }, 403},
		"opaque origin":      {func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		"foreign, no origin": {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
	} {
		if w := get(t, s, "/api/meta", c.change); w.Code != c.want {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestControlNeedsTheToken(t *testing.T) {
	b := record(t, pingPong)
	for _, c := range []struct{ token, sent, want string }{
		{"secret", "", "link that weft printed"},
		{"secret", "guess", "link that weft printed"},
		{"", "", "control is off"},
	} {
		s := New(Options{Token: c.token}, Bytes(Info{ID: "main"}, b))
		for _, path := range []string{"/api/control", "/api/lessons/hello/run"} {
			r := httptest.NewRequest("POST", "http://127.0.0.1"+path, strings.NewReader("{}"))
			r.Header.Set("X-Weft-Token", c.sent)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("%s with %q: %d %s", path, c.sent, w.Code, w.Body)
			}
		}
	}
}

func TestWrongRequestsAreOneClearLine(t *testing.T) {
	s := server(t, record(t, pingPong))
	for path, want := range map[string]string{
		"/api/nothing":               "not known",
		"/api/meta/more":             "not known",
		"/api/recording?id=none":     "no recording",
		"/api/recording?from=x":      "give a number",
		"/api/recording?from=9&to=3": "before",
		"/api/text?limit=-1":         "give a number",
		"/none.js":                   "no file",
		"/assets/../observe.go":      "no such file",
		"/api/control":               "POST",
	} {
		w := get(t, s, path)
		var e struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code < 400 || !strings.Contains(e.Error, want) {
			t.Errorf("%s: %d %s, want %q", path, w.Code, w.Body, want)
		}
	}
}

func TestExports(t *testing.T) {
	s := server(t, record(t, pingPong))
	if w := get(t, s, "/api/text?limit=5"); strings.Count(w.Body.String(), "\n") != 5 || !strings.Contains(w.Body.String(), "entry") {
		t.Errorf("text: %s", w.Body)
	}
	w := get(t, s, "/api/perfetto")
	if b, _ := io.ReadAll(w.Body); len(b) < 1000 || b[0] != 0x0a {
		t.Errorf("perfetto: %d bytes", len(b))
	}
	if cd := w.Header().Get("Content-Disposition"); cd != `attachment; filename="x.pftrace"` {
		t.Errorf("named %q", cd)
	}
}

func TestOnlyLoopbackWithoutBeingAsked(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "example.org:80", "nonsense"} {
		if ln, err := Listen(addr, false); err == nil {
			ln.Close()
			t.Errorf("%s: no error", addr)
		}
	}
	ln, err := Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if u := server(t, nil).URL(ln); !strings.HasPrefix(u, "http://127.0.0.1:") || !strings.HasSuffix(u, "/#token=secret") {
		t.Errorf("link %s", u)
	}
	if _, err := Listen(ln.Addr().String(), false); err == nil || !strings.Contains(err.Error(), "another address") {
		t.Errorf("in use: %v", err)
	}
}
