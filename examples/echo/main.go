// Echo is a TCP server that sends back what it gets, with one coroutine a
// connection, written as one would with package net.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wnet"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:7777", "listen on `ADDR`")
	flag.Parse()
	weft.Main(func() {
		ln, err := wnet.Listen("tcp", *addr)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("echo on", ln.Addr())
		for {
			conn, err := ln.Accept()
			if err != nil {
				log.Fatal(err)
			}
			weft.Go(func() { echo(conn) })
		}
	})
}

// echo is the life of one connection. Where a read has to wait, the coroutine
// parks and its thread serves others.
func echo(conn net.Conn) {
	defer conn.Close()
	if _, err := io.Copy(conn, conn); err != nil {
		log.Print(err)
	}
}
