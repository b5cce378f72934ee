package observe

import "net/http"

// lessons lists the lessons.
func (s *Server) lessons(w http.ResponseWriter, r *http.Request, rest string) error {
	if rest != "" {
		return notFound("there is no lesson %q", rest)
	}
	return reply(w, []int{})
}
