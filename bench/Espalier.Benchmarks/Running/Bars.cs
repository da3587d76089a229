namespace Espalier.Benchmarks;

/// <summary>Every bar, in the order of the design.</summary>
internal static class Bars
{
    private const string PyTorch = "the best form of the PyTorch script";

    public static IReadOnlyList<Bar> All { get; } =
    [
        new("P1", "full distillation step, float32", PyTorch, ">= 1.2", Shapes, input => Step(input, bfloat16: false)),
        new("P1c", "full distillation step, bf16 products", PyTorch + ", autocast or not", ">= 1.2", Shapes, input => Step(input, bfloat16: true)),
        new("P9", "tokenizer, 20 MB of mixed text, exact ids", "Hugging Face tokenizers", ">= 5 cold; one letter <= 3 of prose", TokenizerCase.Subjects, TokenizerCase.Run) { Threads = [2] },
    ];

    public static Bar? Find(string name) => All.FirstOrDefault(bar => bar.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<string> Shapes(bool quick) => quick ? ["quickstart", "512-49k"] : Shape.Names;

    private static IEnumerable<Row> Step(CaseInput input, bool bfloat16)
    {
        var systems = PeerSystem.Find();
        return systems.Length == 0
            ? throw new NotMeasuredException("no PyTorch: bench/peer-system FOLDER makes a place for it (then ESPALIER_PEER_ROOT=FOLDER), and ESPALIER_PEERS names the folder of kd_step.py")
            : StepCase.Run(Shape.Read(input.Subject), input.Quick ? systems[..1] : systems, input.Threads, input.Pairs, bfloat16, compiled: !input.Quick);
    }
}
