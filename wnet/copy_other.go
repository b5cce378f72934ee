//go:build !linux

package wnet

import "io"

func (fd *netFD) moveFrom(io.Reader, int64) (n int64, handled bool, err error) {
	return 0, false, nil
}
