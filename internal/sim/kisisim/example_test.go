package kisisim_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// A POST whose answer is lost has happened all the same: the client must read before it repeats.
func Example() {
	company := kisisim.Acme(kisisim.Options{Assume: kisisim.Assumptions{DuplicateEmail: kisisim.Duplicate422}})
	lost := company.Inject(kisisim.Fault{Method: "POST", Path: "/users", Do: kisisim.CutAfter()})

	for range 2 {
		body := `{"user":{"email":"ana@example.com","name":"Ana","send_emails":false,"confirm":true}}`
		r, _ := http.NewRequest("POST", "https://api.kisi.io/users", strings.NewReader(body))
		r.Header = http.Header{
			"Authorization": {"KISI-LOGIN " + company.Key}, "Accept": {"application/json"}, "Content-Type": {"application/json"},
		}
		if answer, err := company.Client().Do(r); err != nil {
			fmt.Println("no answer")
		} else {
			fmt.Println(answer.Status)
			_ = answer.Body.Close()
		}
	}
	ana, _ := company.World().User("ana@example.com")
	fmt.Println(ana.Name, ana.Access, lost.Hits(), company.Check())
	// Output:
	// no answer
	// 422 Unprocessable Entity
	// Ana true 1 <nil>
}
