package dev.gnserve.model;

/** Identifies one version of one model. */
record VersionKey(String name, String version) {

    static VersionKey of(ModelSource source) {
        return new VersionKey(source.name(), source.version());
    }
}
