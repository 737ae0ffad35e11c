// Runs the Go client of gnserve against a service.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"gnserve.dev/clients/go/gnserve"
)

//go:generate mkdir -p gnserve
//go:generate go tool oapi-codegen -config generator.yaml $DOCUMENT

const png = "image/png"

func main() {
	log.SetFlags(0)
	ctx := context.Background()
	client, err := gnserve.NewClientWithResponses(os.Getenv("SERVICE"))
	require(err)
	image, err := os.ReadFile(os.Getenv("IMAGE"))
	require(err)

	segmented, err := client.SegmentWithBodyWithResponse(ctx, "nuclei-unet-gn", parameters(), png, bytes.NewReader(image))
	require(err)
	check(segmented.JSON200 != nil, "segment answers %s", segmented.Status())
	check(*segmented.JSON200.Images[0].Width == 256, "the image is not 256 pixels wide")
	check(segmented.HTTPResponse.Header.Get("X-Request-Id") == "of-go", "the id is %s", segmented.JSON200.RequestId)
	nuclei := *segmented.JSON200.Images[0].Objects
	check(len(nuclei) > 0 && nuclei[0].Mask.Encoding == gnserve.MaskEncodingPolygon, "no outlines in %s", segmented.Body)

	refused, err := client.DetectWithBodyWithResponse(ctx, "nuclei-unet-gn", nil, png, bytes.NewReader(image))
	require(err)
	problem := refused.ApplicationproblemJSON409
	check(problem != nil && problem.Code == "WRONG_TASK", "detect answers %s", refused.Body)

	later := parameters()
	prefer := "respond-async"
	later.Prefer = &prefer
	accepted, err := client.SegmentWithBodyWithResponse(ctx, "nuclei-unet-gn", later, png, bytes.NewReader(image))
	require(err)
	check(accepted.JSON202 != nil, "a job answers %s", accepted.Status())
	job := *accepted.JSON202
	for tries := 0; tries < 600 && job.Finished == nil; tries++ {
		time.Sleep(100 * time.Millisecond)
		state, err := client.GetJobWithResponse(ctx, job.Id)
		require(err)
		check(state.JSON200 != nil, "the job answers %s", state.Status())
		job = *state.JSON200
	}
	check(job.State == gnserve.JobStateSUCCEEDED, "the job is %s", job.State)
	check(job.Progress.Done == 1 && job.Progress.Total == 1, "the progress is %v", job.Progress)
	result, err := client.GetJobResultWithResponse(ctx, job.Id)
	require(err)
	var answer gnserve.SegmentationResponse
	require(json.Unmarshal(result.Body, &answer))
	check(len(*answer.Images[0].Objects) == len(nuclei), "the job found other nuclei")

	fmt.Printf("Go: %d nuclei, at once and as a job; %s\n", len(nuclei), problem.Code)
}

func parameters() *gnserve.SegmentParams {
	threshold, masks, id := float32(0.4), gnserve.MasksPolygon, "of-go"
	return &gnserve.SegmentParams{Threshold: &threshold, Masks: &masks, XRequestId: &id}
}

func require(err error) {
	if err != nil {
		log.Fatal("Go: ", err)
	}
}

func check(right bool, format string, values ...any) {
	if !right {
		log.Fatalf("Go: "+format, values...)
	}
}
