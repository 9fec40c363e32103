package main

import (
	"encoding/json"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
)

// inner renames the interface: embedded under its own name it would hide its
// method of that name.
type inner = v1.ImageIndex

// plainIndex is an index whose entries carry no artifactType: the library puts
// the configuration's media type there, published bases have no such member.
type plainIndex struct {
	inner
	manifest *v1.IndexManifest
}

func newPlainIndex(index v1.ImageIndex) (v1.ImageIndex, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	manifest = manifest.DeepCopy()
	for i := range manifest.Manifests {
		manifest.Manifests[i].ArtifactType = ""
	}
	return &plainIndex{inner: index, manifest: manifest}, nil
}

func (i *plainIndex) IndexManifest() (*v1.IndexManifest, error) { return i.manifest, nil }
func (i *plainIndex) RawManifest() ([]byte, error)              { return json.Marshal(i.manifest) }
func (i *plainIndex) Digest() (v1.Hash, error)                  { return partial.Digest(i) }
func (i *plainIndex) Size() (int64, error)                      { return partial.Size(i) }

// attest appends what BuildKit appends for a provenance document: a manifest of
// platform unknown/unknown that names its subject in an annotation.
func attest(index v1.ImageIndex, subject v1.Image) (v1.ImageIndex, error) {
	digest, err := subject.Digest()
	if err != nil {
		return nil, err
	}
	statement, err := mutate.ConfigFile(emptyImage(), &v1.ConfigFile{
		Architecture: "unknown",
		OS:           "unknown",
		Config:       v1.Config{Labels: map[string]string{"subject": digest.String()}},
		RootFS:       v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	return mutate.AppendManifests(index, mutate.IndexAddendum{
		Add: statement,
		Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"},
			Annotations: map[string]string{
				"vnd.docker.reference.digest": digest.String(),
				"vnd.docker.reference.type":   "attestation-manifest",
			},
		},
	}), nil
}
