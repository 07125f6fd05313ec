package kisisim

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// response is an answer before it is written; faults may still change it.
type response struct {
	status int
	header http.Header
	body   []byte
}

const jsonType = "application/json; charset=utf-8"

func answer(status int, body any) response {
	raw, err := json.Marshal(body)
	if err != nil {
		panic("kisisim: an answer does not marshal: " + err.Error())
	}
	return response{status: status, header: http.Header{"Content-Type": {jsonType}}, body: raw}
}

// ok is the answer to GET and POST; POST too is 200 (fact 4).
func ok(body any) response { return answer(http.StatusOK, body) }

// done is the answer to PATCH and DELETE: no body, no content type.
func done() response { return response{status: http.StatusNoContent, header: http.Header{}} }

// problem is the first of Kisi's two error shapes (§1.7).
func problem(status int, message, code string) response {
	if code == "" {
		code = "000" + strconv.Itoa(status)
	}
	return answer(status, map[string]string{"error": message, "code": code})
}

func badRequest(message string) response { return problem(http.StatusBadRequest, message, "") }

func notFound() response {
	return problem(http.StatusNotFound, "The record could not be found", "")
}

func conflict() response {
	return problem(http.StatusConflict, "The record already exists", "000409")
}

func unauthorized(a *Assumptions) response {
	return problem(http.StatusUnauthorized, "Wrong email address or password.", orElse(a.UnauthorizedCode, "afc516"))
}

func forbidden(a *Assumptions) response {
	return problem(http.StatusForbidden, "Access denied", orElse(a.ForbiddenCode, "afc496"))
}

// fieldErrors is the second shape: what is wrong with each field.
type fieldErrors map[string][]string

func (e fieldErrors) add(field, problem string) { e[field] = append(e[field], problem) }

func unprocessable(e fieldErrors) response {
	return answer(http.StatusUnprocessableEntity, map[string]fieldErrors{"errors": e})
}

func invalid(field, problem string) response { return unprocessable(fieldErrors{field: {problem}}) }

// refuse makes the second result of steps that may end a request early; nil means that it goes on.
func refuse(r response) *response { return &r }

func orElse(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
