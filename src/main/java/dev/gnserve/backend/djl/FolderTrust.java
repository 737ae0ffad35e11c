package dev.gnserve.backend.djl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Whether another user could put files into a folder whose files this process loads as code. */
final class FolderTrust {

    /** Its owner is the user of this process; only Linux has it. */
    private static final Path PROCESS = Path.of("/proc/self");

    private static final int ROOT = 0;
    private static final int STICKY = 01000;
    private static final int GROUP_WRITES = 0020;
    private static final int OTHERS_WRITE = 0002;

    private FolderTrust() {}

    private record Attributes(int user, int group, int mode) {

        static Attributes of(Path path, LinkOption... options) throws IOException {
            Map<String, Object> read = Files.readAttributes(path, "unix:uid,gid,mode", options);
            return new Attributes(number(read, "uid"), number(read, "gid"), number(read, "mode"));
        }

        private static int number(Map<String, Object> read, String name) {
            return read.get(name) instanceof Integer number ? number : -1;
        }
    }

    /**
     * Why a folder, a file in it, or the folder around it is open to other users, or one further up is; null if none is. What does not
     * exist yet is not looked at. Null also where the system has no such owners.
     */
    static @Nullable String objection(Path folder) throws IOException {
        if (!Files.exists(PROCESS)) {
            return null;
        }
        Attributes process = Attributes.of(PROCESS);
        Path absolute = folder.toAbsolutePath();
        Path around = absolute.getParent();
        List<Path> own = new ArrayList<>(Stream.ofNullable(around).toList());
        own.add(absolute);
        String objection = first(own, process);
        if (objection == null) {
            objection = first(files(absolute), process);
        }
        if (objection != null) {
            return objection;
        }
        for (Path path = around; path != null; path = path.getParent()) {
            if (Files.exists(path) && isOpen(path.toRealPath(), process)) {
                return "other users can write to " + path;
            }
        }
        return null;
    }

    private static @Nullable String first(List<Path> paths, Attributes process) throws IOException {
        for (Path path : paths) {
            String objection = Files.exists(path) ? objection(path, process) : null;
            if (objection != null) {
                return objection;
            }
        }
        return null;
    }

    private static List<Path> files(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    private static @Nullable String objection(Path path, Attributes process) throws IOException {
        Attributes its = Attributes.of(path, LinkOption.NOFOLLOW_LINKS);
        if (its.user() != process.user() && its.user() != ROOT) {
            return path + " belongs to user " + its.user() + ", and this process is of user " + process.user();
        }
        return isOpen(path, process) ? "other users can write to " + path : null;
    }

    private static boolean isOpen(Path path, Attributes process) throws IOException {
        Attributes its = Attributes.of(path, LinkOption.NOFOLLOW_LINKS);
        // In a shared folder such as /tmp, no user can replace the files of another user.
        boolean isShared = Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS) && (its.mode() & STICKY) != 0;
        boolean othersWrite = (its.mode() & OTHERS_WRITE) != 0;
        boolean groupWrites = (its.mode() & GROUP_WRITES) != 0 && its.group() != process.group() && its.group() != ROOT;
        return !isShared && !Files.isSymbolicLink(path) && (othersWrite || groupWrites);
    }
}
