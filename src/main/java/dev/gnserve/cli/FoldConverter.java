package dev.gnserve.cli;

import dev.gnserve.evaluation.Fold;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code 2/5}. */
public final class FoldConverter implements ITypeConverter<Fold> {

    @Override
    public Fold convert(String text) {
        try {
            return Fold.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
    }
}
