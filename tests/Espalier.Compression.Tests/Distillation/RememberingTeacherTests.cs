using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Distillation;

public sealed class RememberingTeacherTests : TorchTest
{
    [Fact]
    public void A_teacher_of_others_may_answer_from_memory()
    {
        using var scope = TensorScope.Begin();
        using var student = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float32);
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        student.RequiresGrad = true;
        var (one, other) = (Of(1), Of(2));
        var expected = Loss(new OnlineTeacher(teacher), one);
        var remembering = new Remembering(new OnlineTeacher(teacher));
        remembering.Learn(one);
        Assert.Equal(expected, Loss(remembering, one), 1e-9);
        remembering.Learn(other);
        Assert.Equal(expected, Loss(remembering, one), 1e-9);

        double Loss(Teacher by, Batch batch) => new LogitObjective(new ForwardKl(), by).Accumulate(student, batch, 1.0 / 64).Sum;
    }

    private static Batch Of(int seed)
    {
        var random = new Random(seed);
        long[] ids = [.. Enumerable.Range(0, 65).Select(_ => random.NextInt64(128))];
        return new([0], ids[..^1], ids[1..], 1, 64);
    }

    private sealed class Remembering(Teacher inner) : Teacher
    {
        private readonly Dictionary<long, TeacherOutputs> _known = [];

        public void Learn(Batch batch) => _known[batch.Inputs[0]] = inner.OutputsOf(batch, Tensor.From<long>(batch.Inputs, 1, 64), []);

        public override TeacherOutputs OutputsOf(Batch batch, Tensor ids_BT, IReadOnlyCollection<TapPlace> places) =>
            _known[batch.Inputs[0]];
    }
}
