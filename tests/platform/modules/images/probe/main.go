// Command probe is what the tests of the node run in a pod: a server, and what is asked from inside of a pod.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fail("usage: probe serve | get URL | resolve NAME | eat")
	}
	switch os.Args[1] {
	case "serve":
		serve()
	case "get":
		get(os.Args[2])
	case "resolve":
		addresses, err := net.LookupHost(os.Args[2])
		if err != nil {
			fail(err)
		}
		fmt.Println(addresses)
	case "eat":
		eat()
	}
}

func serve() {
	host, _ := os.Hostname()
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "probe", host) })
	fmt.Println("listening")
	fail(http.ListenAndServe(":8080", nil))
}

func get(url string) {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		fail(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		fail(err)
	}
	fmt.Print(response.Status, " ", string(body))
}

// Takes a mebibyte after the other, and touches each page of it, up to 256.
func eat() {
	var eaten [][]byte
	for range 256 {
		piece := make([]byte, 1<<20)
		for at := 0; at < len(piece); at += 4096 {
			piece[at] = 1
		}
		eaten = append(eaten, piece)
		time.Sleep(5 * time.Millisecond)
	}
	fmt.Println("ate", len(eaten), "MiB")
}

func fail(why any) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}
