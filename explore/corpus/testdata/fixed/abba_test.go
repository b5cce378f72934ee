package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/abba: locks are taken in the order of the accounts' numbers.

type account struct {
	sync.Mutex
	number, balance int
}

func transfer(from, to *account, amount int) {
	first, second := from, to
	if to.number < from.number {
		first, second = to, from
	}
	first.Lock()
	defer first.Unlock()
	second.Lock()
	defer second.Unlock()
	from.balance -= amount
	to.balance += amount
}

func TestABBA(t *testing.T) {
	a, b := &account{number: 1, balance: 10}, &account{number: 2, balance: 10}
	var wg sync.WaitGroup
	wg.Go(func() { transfer(a, b, 3) })
	wg.Go(func() { transfer(b, a, 5) })
	wg.Wait()
	if a.balance != 12 || b.balance != 8 {
		t.Errorf("balances %d and %d, want 12 and 8", a.balance, b.balance)
	}
}
