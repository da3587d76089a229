namespace Espalier.Benchmarks;

/// <summary>A teacher, a student and the tokens of a step, from a file of bench/shapes.</summary>
internal sealed record Shape(string Name, int Tokens, int Sequence, JsonObject Teacher, JsonObject Student)
{
    private const string Folder = "bench/shapes";

    public static IEnumerable<string> Names =>
        Directory.EnumerateFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal);

    public static Shape Read(string name)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")))!.AsObject();
        return new(name, (int)json["tokens"]!, (int)json["sequence"]!, json["teacher"]!.AsObject(), json["student"]!.AsObject());
    }

    /// <summary>Weights and batches as the peer's generator makes them, in a folder that both sides read.</summary>
    public void Write(string work, PeerSystem peer, int batches, int? tokens = null)
    {
        File.WriteAllText(Path.Combine(work, "teacher.json"), Teacher.ToJsonString());
        File.WriteAllText(Path.Combine(work, "student.json"), Student.ToJsonString());
        PeerSystem.Run(peer.Command("writer", "kd_step.py", work, [], "--teacher", "WORK/teacher.json", "--student", "WORK/student.json",
            "--tokens", $"{tokens ?? Tokens}", "--seq", $"{Sequence}", "--batches", $"{batches}", "--write", "WORK"), "written");
    }
}
