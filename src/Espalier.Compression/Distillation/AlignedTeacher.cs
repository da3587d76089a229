using Espalier.Compression.Training;
using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Compression.Distillation;

/// <summary>
/// A teacher that is heard on the first entries of its vocabulary only: those that it shares with the student (<see cref="VocabularyAlignment"/>). The rest gets no
/// probability on either side.
/// </summary>
/// <param name="teacher">The teacher; stays the caller's.</param>
/// <param name="vocabulary">Entries that count, at most the teacher's.</param>
public sealed class AlignedTeacher(TeacherGuide teacher, int vocabulary) : TeacherGuide
{
    /// <inheritdoc/>
    public override TeacherView Look(Batch batch, Tensor ids_BT, IReadOnlyCollection<TapPlace> places)
    {
        var view = teacher.Look(batch, ids_BT, places);
        return view with { Signal = new CutSignal(view.Signal, vocabulary) };
    }

    private sealed class CutSignal(TeacherSignal whole, int vocabulary) : TeacherSignal
    {
        public override long Vocabulary => Math.Min(vocabulary, whole.Vocabulary);

        internal override bool LetsGo => whole.LetsGo;

        public override TeacherChunk At(long start, long end, long vocabulary) => whole.At(start, end, vocabulary);

        public override TeacherSignal Rows(Tensor index_M) => new CutSignal(whole.Rows(index_M), vocabulary);
    }
}
