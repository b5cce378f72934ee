package httpd

func spawn(fn func()) { go fn() }
