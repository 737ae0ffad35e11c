package dev.gnserve.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives that libtorch would read otherwise than this reader, or not survive. */
class ArchiveStructureTest {

    private final Map<String, byte[]> entries = entries(Samples.archive("chain-scripted"));
    private final String root = "archive/";

    @Test
    void aSoundArchiveIsReadAgain() throws IOException {
        assertThat(TorchScriptArchive.of(zip(ZipEntry.STORED)).normalizations()).isNotEmpty();
        assertThat(TorchScriptArchive.of(zip(ZipEntry.DEFLATED)).normalizations())
                .isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"DATA.PKL", "Version", "Constants.pkl"})
    void entriesThatDifferInCapitalLettersOnlyAreRefused(String name) {
        entries.put(root + name, new byte[0]);

        assertRefused("differ in capital letters only");
    }

    @ParameterizedTest
    @ValueSource(strings = {"code/__torch__/other.PY", "CODE/__torch__/other.py"})
    void codeThatOnlyTheEngineWouldFindIsRefused(String name) {
        entries.put(root + name, new byte[0]);

        assertRefused("is code for the engine");
    }

    @Test
    void archivesThatTheEngineReadsInAnotherWayAreRefused() {
        entries.put(root + "model.json", new byte[] {'{', '}'});

        assertRefused("an entry model.json");
    }

    @Test
    void aStorageThatIsTooShortOrMissingIsRefused() {
        String storage = root
                + TorchScriptArchive.of(Samples.bytes("chain-scripted.pt"))
                        .parameters()
                        .get(0)
                        .tensor()
                        .storage();
        byte[] whole = entries.get(storage);
        entries.put(storage, new byte[whole.length - 1]);
        assertRefused("has " + (whole.length - 1) + " bytes; the tensors that refer to it need " + whole.length);

        entries.remove(storage);
        assertRefused("the archive has no entry " + storage.substring(root.length()));
    }

    @Test
    void bytesBeforeTheFirstEntryAreRefused() throws IOException {
        byte[] zip = zip(ZipEntry.STORED);
        zip[0] = 'X';

        assertThatThrownBy(() -> TorchScriptArchive.of(zip)).isInstanceOf(TorchScriptException.class);
    }

    @Test
    void aSecondDirectoryInTheCommentIsRefused() throws IOException {
        byte[] zip = zip(ZipEntry.STORED);
        byte[] comment = new byte[22];
        System.arraycopy(zip, zip.length - 22, comment, 0, 4);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(zip, 0, zip.length - 2);
        out.write(22);
        out.write(0);
        out.writeBytes(comment);
        comment[21] = 1; // Its own comment would end beyond the file, for readers that look at that.
        byte[] two = out.toByteArray();
        two[two.length - 1] = 1;

        assertThatThrownBy(() -> TorchScriptArchive.of(two))
                .isInstanceOf(TorchScriptException.class)
                .hasMessageContaining("its comment holds another directory");
    }

    @Test
    void anArchiveThatInflatesBeyondMeasureIsRefused() {
        entries.put(root + "extra/zeros", new byte[100 << 20]);

        assertThatThrownBy(() -> TorchScriptArchive.of(zip(ZipEntry.DEFLATED)))
                .isInstanceOf(TorchScriptException.class)
                .hasMessageContaining("more than 20 times as many");
    }

    @ParameterizedTest
    @ValueSource(strings = {"data.pkl", "constants.pkl", "code/__torch__.py.debug_pkl"})
    void valuesThatAreNestedDeeplyAreRefusedWhereverTheyStand(String entry) {
        String tuples = "\u0080\u0002" + "(".repeat(100_000) + "t".repeat(100_000) + ".";
        String single = "\u0080\u0002)" + "\u0085".repeat(100_000) + ".";
        String lists = "\u0080\u0002" + "]".repeat(100_000) + "a".repeat(99_999) + ".";
        String topDown = "\u0080\u0002]q\0" + "]q\1h\0h\1aq\2h\1q\0".repeat(1000) + "h\0.";
        String dropped = "\u0080\u0002ccollections\nOrderedDict\n(" + ")" + "\u0085".repeat(100_000) + "tR.";
        for (String pickle : new String[] {tuples, single, lists, topDown, dropped}) {
            entries.put(root + entry, pickle.getBytes(StandardCharsets.ISO_8859_1));

            assertThatThrownBy(() -> TorchScriptArchive.of(zip(ZipEntry.STORED)))
                    .isInstanceOf(TorchScriptException.class)
                    .hasMessageStartingWith(entry)
                    .message()
                    .containsAnyOf("nests values more than 500 deep", "adds to a value that another value contains");
        }
    }

    @Test
    void valuesMayBeNestedAsDeeplyAsModulesAre() {
        int levels = PickleDepth.MOST_LEVELS;
        byte[] allowed = ("\u0080\u0002)" + "\u0085".repeat(levels - 1) + ".").getBytes(StandardCharsets.ISO_8859_1);
        byte[] tooDeep = ("\u0080\u0002)" + "\u0085".repeat(levels) + ".").getBytes(StandardCharsets.ISO_8859_1);

        assertThatCode(() -> PickleDepth.require("x", allowed)).doesNotThrowAnyException();
        assertThatThrownBy(() -> PickleDepth.require("x", tooDeep)).isInstanceOf(TorchScriptException.class);
    }

    private void assertRefused(String why) {
        assertThatThrownBy(() -> TorchScriptArchive.of(zip(ZipEntry.STORED)))
                .isInstanceOf(TorchScriptException.class)
                .hasMessageContaining(why);
    }

    private byte[] zip(int method) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.setMethod(method);
            for (Map.Entry<String, byte[]> named : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(named.getKey());
                CRC32 crc = new CRC32();
                crc.update(named.getValue());
                entry.setSize(named.getValue().length);
                entry.setCrc(crc.getValue());
                zip.putNextEntry(entry);
                zip.write(named.getValue());
                zip.closeEntry();
            }
        }
        return out.toByteArray();
    }

    private static Map<String, byte[]> entries(TorchScriptArchive archive) {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        archive.entries().forEach(name -> entries.put("archive/" + name, archive.bytes(name, 1 << 20)));
        return entries;
    }
}
