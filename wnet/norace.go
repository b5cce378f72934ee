//go:build !race

package wnet

func raceRead([]byte) {}

func raceWrite([]byte) {}
