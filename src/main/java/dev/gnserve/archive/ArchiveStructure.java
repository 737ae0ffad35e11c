package dev.gnserve.archive;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Rules for the entries of an archive, so that libtorch reads the same entries as this reader and nothing outside them. */
final class ArchiveStructure {

    private ArchiveStructure() {}

    /**
     * libtorch looks entries up without regard to capital letters, and reads an archive of PyTorch 1.0 in another way.
     *
     * @param names of the entries, without the root folder
     */
    static void requireNames(Set<String> names) {
        Map<String, String> seen = new HashMap<>();
        for (String name : names) {
            String lower = name.toLowerCase(Locale.ROOT);
            String other = seen.put(lower, name);
            if (other != null) {
                throw ZipDirectory.damaged("its entries " + ZipDirectory.printable(other) + " and "
                        + ZipDirectory.printable(name)
                        + " differ in capital letters only, which the engine does not tell apart");
            }
            boolean code = lower.startsWith("code/") && lower.endsWith(".py");
            if (code && !(name.startsWith("code/") && name.endsWith(".py"))) {
                throw ZipDirectory.damaged("its entry " + ZipDirectory.printable(name)
                        + " is code for the engine although its name is not written in small letters");
            }
            if (lower.equals("model.json")) {
                throw new TorchScriptException(
                        "a TorchScript archive of PyTorch 1.0 to 1.3 (it has an entry model.json),"
                                + " which is not served. Load it in Python and save it again with torch.jit.save of a newer PyTorch");
            }
        }
    }

    /**
     * libtorch does not compare what a tensor expects with what its entry has: it would read beyond the end.
     *
     * @param size of the entry, or -1 when there is none
     */
    static void requireStorage(String name, long expected, long size) {
        if (size < expected) {
            throw new TorchScriptException(
                    (size < 0 ? "the archive has no entry " + name : name + " has " + size + " bytes")
                            + "; the tensors that refer to it need " + expected
                            + ". The archive is damaged: copy or export the file again");
        }
    }
}
