package dev.gnserve.model;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Models on the class path below {@code models/}, in the layout of a {@link ModelFolder}. Thread-safe. */
public final class EmbeddedModels {

    private static final String ROOT = "models/";
    private static final Pattern ARCHIVE = Pattern.compile("models/([^/]+)/([^/]+)/model\\.pt");

    private EmbeddedModels() {}

    /**
     * All versions of all models on the class path.
     *
     * @throws IOException if the class path cannot be read
     */
    public static List<ModelSource> list(ClassLoader loader) throws IOException {
        List<ModelSource> found = new ArrayList<>();
        for (URL root : Collections.list(loader.getResources(ROOT))) {
            if (root.openConnection() instanceof JarURLConnection connection) {
                // The connection owns the jar file, so it is not closed here.
                JarFile jar = connection.getJarFile();
                jar.stream()
                        .map(entry -> ARCHIVE.matcher(entry.getName()))
                        .filter(Matcher::matches)
                        .map(match -> new OnClassPath(loader, match.group(1), match.group(2)))
                        .forEach(found::add);
            } else if (root.getProtocol().equals("file")) {
                for (ModelSource source : ModelFolder.list(Path.of(URI.create(root.toString())))) {
                    found.add(new OnClassPath(loader, source.name(), source.version()));
                }
            }
        }
        return found;
    }

    private record OnClassPath(ClassLoader loader, String name, String version) implements ModelSource {

        @Override
        public String location() {
            return "classpath:" + ROOT + name;
        }

        @Override
        public String manifest() throws IOException {
            try (InputStream in = open("model.yaml")) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        }

        @Override
        public InputStream openArchive() throws IOException {
            return open(version + "/model.pt");
        }

        @Override
        public InputStream open(String file) throws IOException {
            String resource = ROOT + name + "/" + file;
            InputStream in = loader.getResourceAsStream(resource);
            if (in == null) {
                throw new FileNotFoundException("no " + resource + " on the class path");
            }
            return in;
        }
    }
}
