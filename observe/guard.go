package observe

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
)

// Who may ask.
//
// A browser sends along, with a request that a foreign page makes, the name
// that it looked up (Host) and where the page is from (Origin). So a request is
// refused whose Host is not a name of the local machine, and one whose Origin
// is not the Host that it goes to. What changes something needs a token too,
// which is only in the link that the command prints: neither a foreign page nor
// another user of the machine has it. The page itself may load nothing from
// elsewhere and run no script but its own files.

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// NewToken returns a token that nobody can guess.
func NewToken() string { return rand.Text() }

// problem is an error with the status that tells of it.
type problem struct {
	status int
	text   string
}

func (p *problem) Error() string { return p.text }

func notFound(format string, args ...any) error {
	return &problem{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return &problem{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// fail answers with an error.
func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if p := (*problem)(nil); errors.As(err, &p) {
		status = p.status
	}
	h := w.Header()
	for _, name := range []string{"Content-Disposition", "Content-Length", "Etag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}

func reply(w http.ResponseWriter, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(b)
	return nil
}

// admit checks where a request comes from.
func (s *Server) admit(r *http.Request) error {
	if !s.opts.AnyHost && !localName(r.Host) {
		return &problem{http.StatusForbidden, fmt.Sprintf(
			"the name %q is not one of this machine's: open the page under 127.0.0.1 or localhost", r.Host)}
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" && !navigation(r) {
			return &problem{http.StatusForbidden, "a page from elsewhere may not read this one"}
		}
		return nil
	}
	if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
		return &problem{http.StatusForbidden, fmt.Sprintf("a page from %s may not ask here", origin)}
	}
	return nil
}

// navigation reports whether the request is a click on a link to the page.
func navigation(r *http.Request) bool { return r.Header.Get("Sec-Fetch-Mode") == "navigate" }

// hostname is what this machine calls itself: for pages served to others.
var hostname, _ = os.Hostname()

// localName reports whether host, which may have a port, is a name that can't
// be made to lead here by somebody else.
func localName(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.Trim(name, "[]"), ".")
	if strings.EqualFold(name, "localhost") || hostname != "" && strings.EqualFold(name, hostname) {
		return true
	}
	_, err := netip.ParseAddr(name) // an address is not looked up
	return err == nil
}

// mayControl checks the token of a request that changes something.
func (s *Server) mayControl(r *http.Request) error {
	if s.opts.Token == "" {
		return &problem{http.StatusForbidden, "this page only shows: control is off"}
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Weft-Token")), []byte(s.opts.Token)) != 1 {
		return &problem{http.StatusForbidden, "wrong or missing token: open the page by the link that weft printed"}
	}
	return nil
}

// buildTime lets the browser keep what has not changed while the process runs.
var buildTime = time.Now()
