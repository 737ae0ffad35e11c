package dev.gnserve.archive;

import dev.gnserve.archive.Program.Target;
import dev.gnserve.archive.SourceFile.Call;
import dev.gnserve.archive.SourceFile.ClassType;
import dev.gnserve.archive.SourceFile.Function;
import dev.gnserve.archive.SourceFile.Parameter;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An instrumented copy of an archive: it computes the same bits as the original and keeps the input and output of every call of
 * {@code torch.group_norm}, {@code torch.native_group_norm}, and the function that a plan calls instead. Immutable and thread-safe.
 *
 * <p>Every tappable call is replaced by a call of a free function that makes the same call and appends its tensors to a list. All
 * changed modules share this list, so the order of calls is kept: data.pkl creates it at the root, and the other modules refer to
 * it. Each module gets a number and each call a site; both together identify the {@linkplain #declaration declaration}. A free
 * function that leads to a group norm has no module: a copy of it gets the list, the module's number and the site as parameters.
 *
 * <p>Forked calls ({@code f = fork(__forked_function)}) would append to the list from several threads. So the copy waits for each
 * fork at once. This changes only the order of work.
 *
 * <p>The kept memory is bounded. {@link #ARM} sets the first call to keep and the number of bytes to keep from there on; a single
 * call is kept at any size. For the rest, the copy is armed with a later first call and run again. {@link #TAKE} returns the list
 * and empties it, {@link #CALLS} returns the number of calls of the pass. A copy that is not armed keeps nothing.
 *
 * <p>Per call, the list holds an int64 vector and a float64 vector (see {@link TapHeader}), the input, the output, and the weight
 * and bias if there are any.
 */
public final class TappedArchive {

    /** Method of the root module with the arguments (first call to keep, bytes to keep). Empties the list. */
    public static final String ARM = "gnserve_arm";

    /** Method of the root module: returns the list, and empties it. */
    public static final String TAKE = "gnserve_take";

    /** Method of the root module: returns the number of calls since it was armed. */
    public static final String CALLS = "gnserve_calls";

    /** Stands in a header in the place of the memory format, for the formula of {@link PlannedArchive}. */
    static final int PLANNED = 2;

    private static final String TAPS = "gnserve_taps";
    private static final String WINDOW = "gnserve_window";
    private static final String MODULE = "gnserve_module";
    private static final String SITE = "gnserve_site";
    private static final String PREFIX = "gnserve_";
    private static final String PROBE_FILE = "code/__torch__/gnserve/probe.py";
    private static final String PROBE = "__torch__.gnserve.probe.";

    /** The attributes as parameters of a free function. */
    private static final String PARAMETERS =
            "gnserve_taps: List[Tensor],\n    gnserve_window: List[int],\n    gnserve_module: int,\n    gnserve_site: int,\n    ";

    // Epsilon has its own tensor, because torch.tensor rounds a list of numbers to float32. The window holds: calls
    // made, first
    // call to keep, free bytes. Input and output are cloned, because a model may change them in place; weights do not
    // change.
    private static final String PROBE_SOURCE = """
            def keeps(gnserve_window: List[int],
                input: Tensor) -> bool:
              call = gnserve_window[0]
              first = gnserve_window[1]
              free = gnserve_window[2]
              bytes = torch.mul(torch.mul(2, torch.numel(input)), torch.element_size(input))
              _0 = torch._set_item(gnserve_window, 0, torch.add(call, 1))
              if torch.eq(call, first):
                keep = torch.gt(free, 0)
              else:
                if torch.gt(call, first):
                  keep = torch.le(bytes, free)
                else:
                  keep = False
              if keep:
                _1 = torch._set_item(gnserve_window, 2, torch.sub(free, bytes))
              else:
                if torch.ge(call, first):
                  _2 = torch._set_item(gnserve_window, 2, 0)
                else:
                  pass
              return keep
            def keep(gnserve_taps: List[Tensor],
                header: List[int],
                eps: float,
                input: Tensor,
                output: Tensor,
                weight: Optional[Tensor],
                bias: Optional[Tensor]) -> NoneType:
              _0 = torch.append(gnserve_taps, torch.tensor(header, dtype=4))
              _1 = torch.append(gnserve_taps, torch.full([1], eps, dtype=7))
              _2 = torch.append(gnserve_taps, input)
              _3 = torch.append(gnserve_taps, torch.clone(output))
              if torch.__isnot__(weight, None):
                _4 = torch.append(gnserve_taps, unchecked_cast(Tensor, weight))
              else:
                pass
              if torch.__isnot__(bias, None):
                _5 = torch.append(gnserve_taps, unchecked_cast(Tensor, bias))
              else:
                pass
              return None
            """
            + groupNormProbe(NormalizationKind.GROUP_NORM.operator(), "int(torch.is_contiguous(input))")
            + groupNormProbe(NormalizationKind.EXACT_GROUP_NORM, Integer.toString(PLANNED))
            + probe(
                    "torch.native_group_norm",
                    "int(torch.is_contiguous(input))",
                    "group",
                    """
                    input: Tensor,
                    weight: Optional[Tensor],
                    bias: Optional[Tensor],
                    N: int,
                    C: int,
                    HxW: int,
                    group: int,
                    eps: float) -> Tuple[Tensor, Tensor, Tensor]:
                """,
                    "output, mean, rstd,",
                    "(input, weight, bias, N, C, HxW, group, eps)",
                    "(output, mean, rstd)");

    private static String groupNormProbe(String operator, String contiguous) {
        return probe(
                operator,
                contiguous,
                "num_groups",
                """
                    input: Tensor,
                    num_groups: int,
                    weight: Optional[Tensor]=None,
                    bias: Optional[Tensor]=None,
                    eps: float=1.0000000000000001e-05,
                    cudnn_enabled: bool=True) -> Tensor:
                """,
                "output",
                "(input, num_groups, weight, bias, eps, cudnn_enabled, )",
                "output");
    }

    /** The function that makes the same call as an operator. */
    private static String probeOf(String operator) {
        return operator.substring(operator.lastIndexOf('.') + 1);
    }

    /** A function that makes the same call as an operator, and keeps its tensors. */
    private static String probe(
            String operator,
            String contiguous,
            String groups,
            String signature,
            String results,
            String arguments,
            String returned) {
        return """
                def %1$s(gnserve_taps: List[Tensor],
                    gnserve_window: List[int],
                    gnserve_module: int,
                    gnserve_site: int,
                %3$s  call = gnserve_window[0]
                  keep = __torch__.gnserve.probe.keeps(gnserve_window, input, )
                  if keep:
                    before = torch.clone(input)
                  else:
                    before = input
                  %4$s = %7$s%5$s
                  if keep:
                    header = [call, gnserve_module, gnserve_site, %2$s, int(torch.__isnot__(weight, None)), int(torch.__isnot__(bias, None)), %8$s, ops.prim.dtype(input)]
                    _0 = __torch__.gnserve.probe.keep(gnserve_taps, header, eps, before, output, weight, bias, )
                  else:
                    pass
                  return %6$s
                """.formatted(probeOf(operator), groups, signature, results, arguments, returned, operator, contiguous);
    }

    private final TorchScriptArchive archive;
    private final List<NormalizationLayer> layers;
    private final Map<NormalizationCalls.Key, GroupNormDeclaration> declarations;

    private TappedArchive(
            TorchScriptArchive archive,
            List<NormalizationLayer> layers,
            Map<NormalizationCalls.Key, GroupNormDeclaration> declarations) {
        this.archive = archive;
        this.layers = layers;
        this.declarations = declarations;
    }

    /**
     * Makes the copy of an archive. Calls that cannot be tapped are not changed; {@link #layers} has the reasons.
     *
     * @throws TorchScriptException if the root module cannot hold the list, or the archive is damaged or already a copy
     */
    public static TappedArchive of(TorchScriptArchive archive) {
        if (archive.has(PROBE_FILE)) {
            throw new TorchScriptException("the archive already is an instrumented copy");
        }
        NormalizationCalls calls = NormalizationCalls.of(archive);
        if (archive.root().insertionPoint() < 0) {
            throw new TorchScriptException(
                    "the model's root module defines its own state (__getstate__), which cannot hold the taps");
        }
        Map<String, byte[]> changed = new HashMap<>();
        changed.put(PROBE_FILE, PROBE_SOURCE.getBytes(StandardCharsets.UTF_8));
        Program program = calls.program();
        ClassType root = program.classOf(archive.root());
        if (root == null) {
            throw new TorchScriptException(
                    "the archive's code has no class " + archive.root().className() + ": it is damaged");
        }
        Set<String> closed = new HashSet<>();
        for (ModuleTree.Instance instance : archive.modules().instances()) {
            if (instance.object().insertionPoint() < 0) {
                closed.add(instance.object().className());
            }
        }
        Set<String> touched = new HashSet<>();
        for (SourceFile source : archive.sources()) {
            String text = instrumented(source, program, root, closed, touched);
            if (!text.equals(source.text)) {
                changed.put(source.entry, text.getBytes(StandardCharsets.UTF_8));
            }
        }
        changed.put("data.pkl", withTaps(archive, calls.tapped(), touched));
        return new TappedArchive(archive.with(changed), calls.layers(), calls.declarations());
    }

    /** The instrumented archive. */
    public TorchScriptArchive archive() {
        return archive;
    }

    /** All normalization layers of the original. */
    public List<NormalizationLayer> layers() {
        return layers;
    }

    /** The original's declaration of a call; null if its code does not make this call. */
    public @Nullable GroupNormDeclaration declaration(TapHeader header) {
        return declarations.get(new NormalizationCalls.Key(header.module(), header.site()));
    }

    private static String instrumented(
            SourceFile source, Program program, ClassType root, Set<String> closed, Set<String> touched) {
        Edits edits = new Edits();
        for (ClassType type : source.classes) {
            boolean methods = false;
            for (Function method : type.methods) {
                waitForForks(source, method, edits);
                boolean open = type.isModule() && !closed.contains(type.qualifiedName);
                methods |= open && tapMethod(source, program, method, edits);
            }
            if (type == root || methods) {
                touched.add(type.qualifiedName);
                edits.insert(
                        type.attributesAt,
                        "  gnserve_taps : List[Tensor]\n  gnserve_window : List[int]\n  gnserve_module : int\n");
            }
            if (type == root) {
                boolean lineEnded = type.end > 0 && source.text.charAt(type.end - 1) == '\n';
                edits.insert(type.end, (lineEnded ? "" : "\n") + rootMethods(type.qualifiedName));
            }
        }
        StringBuilder copies = new StringBuilder();
        for (Function function : source.functions) {
            if (program.leadsToGroupNorm(function)) {
                copies.append(tappedCopy(source, program, function));
            }
        }
        String text = edits.apply(source.text);
        return copies.isEmpty() ? text : text + (text.endsWith("\n") ? "" : "\n") + copies;
    }

    private static boolean tapMethod(SourceFile source, Program program, Function method, Edits edits) {
        boolean any = false;
        for (Target target : program.targets(method)) {
            if (program.leadsToGroupNorm(method, target)) {
                String self = method.parameters.stream()
                        .findFirst()
                        .map(Parameter::name)
                        .orElse("self");
                String arguments = String.format(
                        "%1$s.%2$s, %1$s.%3$s, %1$s.%4$s, %5$d, ", self, TAPS, WINDOW, MODULE, target.number());
                redirect(source, target, arguments, edits);
                any = true;
            }
        }
        return any;
    }

    private static String tappedCopy(SourceFile source, Program program, Function function) {
        Edits edits = new Edits();
        int nameEnd = source.text.indexOf('(', function.textFrom);
        edits.replace(function.textFrom, nameEnd, "def " + PREFIX + function.name);
        edits.insert(function.parametersAt, PARAMETERS);
        waitForForks(source, function, edits);
        for (Target target : program.targets(function)) {
            if (program.leadsToGroupNorm(function, target)) {
                String site = String.format(
                        "torch.add(torch.mul(%s, %d), %d)",
                        SITE, NormalizationCalls.CALLS_PER_FUNCTION, target.number());
                redirect(source, target, TAPS + ", " + WINDOW + ", " + MODULE + ", " + site + ", ", edits);
            }
        }
        String copy = edits.apply(source.text, function.textFrom, function.textTo);
        return copy.endsWith("\n") ? copy : copy + "\n";
    }

    private static void redirect(SourceFile source, Target target, String arguments, Edits edits) {
        Function function = target.function();
        int name = target.call().callee();
        String callee = function == null
                ? PROBE + probeOf(source.token(name))
                : function.file.qualifier + "." + PREFIX + function.name;
        edits.replace(source.start(name), source.end(name), callee);
        edits.insert(source.end(target.call().open()), arguments);
    }

    /** Moves each fork to a separate line before the line that uses its future, and waits for it there. */
    private static void waitForForks(SourceFile source, Function function, Edits edits) {
        for (Call call : function.calls()) {
            if (source.token(call.callee()).equals("fork")) {
                String future = PREFIX + "fork" + call.callee();
                int lineAt = source.start(source.line(call.callee()).from());
                String indent = source.text.substring(source.text.lastIndexOf('\n', lineAt - 1) + 1, lineAt);
                int end = source.end(source.closing(call.open()));
                String forked = source.text.substring(source.start(call.callee()), end);
                edits.insert(
                        lineAt,
                        future + " = " + forked + "\n" + indent + future + "_done = torch.wait(" + future + ")\n"
                                + indent);
                edits.replace(source.start(call.callee()), end, future);
            }
        }
    }

    private static String rootMethods(String type) {
        return """
                  def gnserve_arm(self: %1$s,
                    first: int,
                    bytes: int) -> NoneType:
                    window = self.gnserve_window
                    _0 = torch._set_item(window, 0, 0)
                    _1 = torch._set_item(window, 1, first)
                    _2 = torch._set_item(window, 2, bytes)
                    _3 = torch.clear(self.gnserve_taps)
                    return None
                  def gnserve_take(self: %1$s) -> List[Tensor]:
                    taps = self.gnserve_taps
                    taken = torch.slice(taps)
                    _0 = torch.clear(taps)
                    return taken
                  def gnserve_calls(self: %1$s) -> int:
                    window = self.gnserve_window
                    return window[0]
                """.formatted(type);
    }

    /** data.pkl with the new attributes in every instance of the touched classes. */
    private static byte[] withTaps(TorchScriptArchive archive, List<PickledObject> tapped, Set<String> touched) {
        Map<PickledObject, Integer> numbers = new HashMap<>();
        tapped.forEach(object -> numbers.put(object, numbers.size()));
        Map<Integer, PickledObject> places = new LinkedHashMap<>();
        archive.modules().instances().stream()
                .map(ModuleTree.Instance::object)
                .filter(object -> touched.contains(object.className()) && object.insertionPoint() >= 0)
                .sorted(Comparator.comparingInt(PickledObject::insertionPoint))
                .forEach(object -> places.putIfAbsent(object.insertionPoint(), object));
        int tapsMemo = archive.highestMemo() + 1;
        SortedMap<Integer, byte[]> insertions = new TreeMap<>();
        places.forEach((place, object) -> {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            boolean first = insertions.isEmpty();
            PickleOpcodes.text(out, TAPS);
            list(out, "build_tensorlist", 0, tapsMemo, first);
            PickleOpcodes.text(out, WINDOW);
            list(out, "build_intlist", 3, tapsMemo + 1, first);
            PickleOpcodes.text(out, MODULE);
            PickleOpcodes.integer(out, Objects.requireNonNullElse(numbers.get(object), -1));
            insertions.put(place, out.toByteArray());
        });
        return PickleOpcodes.inserted(archive.bytes("data.pkl", Integer.MAX_VALUE - 8), insertions);
    }

    private static void list(ByteArrayOutputStream out, String builder, int zeros, int memo, boolean first) {
        if (!first) {
            PickleOpcodes.recall(out, memo);
            return;
        }
        PickleOpcodes.zeroList(out, builder, zeros);
        PickleOpcodes.memoize(out, memo);
    }
}
