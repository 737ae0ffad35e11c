package dev.gnserve.archive;

import java.util.List;

/**
 * A place in an archive's code that calls an operator which reads or writes files, or reaches other processes.
 *
 * @param operator as {@code aten::save}
 * @param file of the code, as {@code code/__torch__.py}
 * @param line in that file, from 1 on
 */
public record FileOperator(String operator, String file, int line) {

    /** All such places of an archive, in the order of its files. */
    public static List<FileOperator> in(TorchScriptArchive archive) {
        return archive.sources().stream()
                .flatMap(source -> OperatorNames.of(source).fileOperators().stream())
                .toList();
    }

    @Override
    public String toString() {
        return operator + " in " + file + " line " + line;
    }
}
