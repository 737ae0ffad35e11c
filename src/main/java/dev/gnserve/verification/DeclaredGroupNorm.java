package dev.gnserve.verification;

import dev.gnserve.archive.GroupNormDeclaration;
import dev.gnserve.archive.TorchScriptArchive;
import org.jspecify.annotations.Nullable;

/** A declaration with its weights, read from the archive. */
@SuppressWarnings("ArrayRecordComponent") // Read once per layer, and never compared as a record.
record DeclaredGroupNorm(GroupNormDeclaration declaration, float @Nullable [] weight, float @Nullable [] bias) {

    static DeclaredGroupNorm of(GroupNormDeclaration declaration, TorchScriptArchive archive) {
        return new DeclaredGroupNorm(
                declaration,
                declaration.weight() == null ? null : archive.floats(declaration.weight()),
                declaration.bias() == null ? null : archive.floats(declaration.bias()));
    }
}
